#include <korrel/training/checkpoint.h>

#include <bit>

#include <korrel/framework/base/check.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/optim/scheduler.h>

namespace korrel::training {
namespace {

constexpr const char* format = "korrel-checkpoint";
constexpr const char* version = "1";
constexpr int64_t report_numbers = 8;
constexpr int64_t most_epochs = int64_t{1} << 53;  // of a loader: one more is far from overflow

Tensor number(uint64_t value) { return from_vector<int64_t>({std::bit_cast<int64_t>(value)}, {}); }

void append(NamedTensors& all, const std::string& section, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) all.emplace_back(section + '.' + name, tensor.detach());
}

// The tensors of a section, without its name in front.
NamedTensors section_of(const NamedTensors& all, const std::string& section) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : all)
    if (name.starts_with(section + '.')) tensors.emplace_back(name.substr(section.size() + 1), tensor);
  return tensors;
}

// The tensor `name` with the dtype and shape that it is saved with; -1 stands for any size.
Tensor take(const NamedTensors& all, const std::string& name, DType dtype, const Shape& shape) {
  for (const auto& [key, tensor] : all) {
    if (key != name) continue;
    bool fits = tensor.dtype() == dtype && tensor.dim() == shape.rank();
    for (int i = 0; fits && i < shape.rank(); ++i) fits = shape[i] == -1 || tensor.size(i) == shape[i];
    check<ValueError>(fits, "{} is {} {}, not {} {}", name, tensor.dtype(), tensor.shape(), dtype, shape);
    return tensor;
  }
  fail<ValueError>("the checkpoint has no {}", name);
}

NamedTensors position_tensors(const FitPosition& at) {
  Tensor reports = make_tensor({static_cast<int64_t>(at.reports.size()), report_numbers}, f64);
  auto* out = reports.data<double>();
  for (const EpochReport& r : at.reports) {
    for (double value : {double(r.epoch), double(r.epochs), r.train_loss, r.train_accuracy, r.test_loss,
                         r.test_accuracy, r.seconds, r.learning_rate})
      *out++ = value;
  }
  return {{"place", from_vector<int64_t>({at.epoch, at.step, at.loader_epoch})},
          {"so_far",
           from_vector<double>({at.loss.sum(), at.accuracy.sum(), at.loss.weight(), at.seconds, at.learning_rate})},
          {"reports", reports}};
}

FitPosition read_position(const NamedTensors& all) {
  Tensor place = take(all, "position.place", i64, {3}), so_far = take(all, "position.so_far", f64, {5}),
         reports = take(all, "position.reports", f64, {-1, report_numbers});
  const auto* numbers = place.data<int64_t>();
  check<ValueError>(numbers[0] >= 0 && numbers[0] <= INT32_MAX && numbers[1] >= 0 && numbers[2] >= -1 &&
                        numbers[2] <= most_epochs && numbers[0] == reports.size(0),
                    "position.place is {}, with {} reports", Dims(place.to_vector<int64_t>()), reports.size(0));
  const auto* sums = so_far.data<double>();
  FitPosition at{.epoch = static_cast<int>(numbers[0]),
                 .step = numbers[1],
                 .loader_epoch = numbers[2],
                 .loss = {sums[0], sums[2]},
                 .accuracy = {sums[1], sums[2]},
                 .seconds = sums[3],
                 .learning_rate = sums[4]};
  const auto* r = reports.data<double>();
  for (int64_t i = 0; i < reports.size(0); ++i, r += report_numbers) {
    bool counts = r[0] >= 0 && r[0] <= INT32_MAX && r[1] >= 0 && r[1] <= INT32_MAX;
    check<ValueError>(counts, "position.reports names epoch {} of {}", r[0], r[1]);
    at.reports.push_back({.epoch = static_cast<int>(r[0]),
                          .epochs = static_cast<int>(r[1]),
                          .train_loss = r[2],
                          .train_accuracy = r[3],
                          .test_loss = r[4],
                          .test_accuracy = r[5],
                          .seconds = r[6],
                          .learning_rate = r[7]});
  }
  return at;
}

Generator& generator_of(const TrainingState& state) { return state.generator ? *state.generator : default_generator(); }

NamedTensors gather(const TrainingState& state) {
  NamedTensors all;
  if (state.model) append(all, "model", state.model->state_dict());
  if (state.optimizer) append(all, "optimizer", state.optimizer->state_dict());
  if (state.scheduler) append(all, "scheduler", state.scheduler->state_dict());
  if (state.average) append(all, "average", state.average->state_dict());
  if (state.position) append(all, "position", position_tensors(*state.position));
  Generator& generator = generator_of(state);
  append(all, "random", {{"seed", number(generator.seed())}, {"draws", number(generator.draws())}});
  if (state.more) append(all, "more", *state.more);
  return all;
}

void put_back(const TrainingState& state, const NamedTensors& all) {
  if (state.model) state.model->load_state_dict(section_of(all, "model"));
  if (state.optimizer) state.optimizer->load_state_dict(section_of(all, "optimizer"));
  if (state.scheduler) state.scheduler->load_state_dict(section_of(all, "scheduler"));
  if (state.average) state.average->load_state_dict(section_of(all, "average"));
  auto seed = static_cast<uint64_t>(take(all, "random.seed", i64, {}).item<int64_t>());
  auto draws = static_cast<uint64_t>(take(all, "random.draws", i64, {}).item<int64_t>());
  if (state.position) *state.position = read_position(all);
  generator_of(state).seed(seed);
  generator_of(state).set_draws(draws);
  if (state.more) *state.more = section_of(all, "more");
}

NamedTensors copies_of(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.clone());
  return copies;
}

// The kinds of optimizer and schedule: some differ in nothing else that is saved.
Metadata kinds_of(const TrainingState& state) {
  Metadata kinds;
  if (state.optimizer) kinds.emplace_back("optimizer", state.optimizer->name());
  if (state.scheduler) kinds.emplace_back("scheduler", state.scheduler->name());
  return kinds;
}

const std::string* find(const Metadata& metadata, const std::string& key) {
  for (const auto& [name, value] : metadata)
    if (name == key) return &value;
  return nullptr;
}

}  // namespace

void save_checkpoint(const std::string& path, const TrainingState& state, const Metadata& metadata) {
  Metadata all = {{"format", format}, {"version", version}};
  for (const auto& entry : kinds_of(state)) all.push_back(entry);
  for (const auto& [key, value] : metadata)
    if (!find(all, key)) all.emplace_back(key, value);
  save_safetensors(path, gather(state), all);
}

Metadata load_checkpoint(const std::string& path, const TrainingState& state) {
  SafetensorsFile file = load_safetensors(path);
  const std::string* kind = find(file.metadata, "format");
  check<IoError>(kind && *kind == format, "{}: not a checkpoint: its format is {}", path, kind ? *kind : "not named");
  const std::string* its_version = find(file.metadata, "version");
  check<IoError>(its_version && *its_version == version, "{}: a checkpoint of version {}, {} is known here", path,
                 its_version ? *its_version : "none", version);
  for (const auto& [part, mine] : kinds_of(state)) {
    const std::string* saved = find(file.metadata, part);
    check<ValueError>(saved && *saved == mine, "{}: the checkpoint's {} is {}, not {}", path, part,
                      saved ? *saved : "missing", mine);
  }
  NamedTensors before = copies_of(gather(state));
  try {
    put_back(state, file.tensors);
  } catch (Error& error) {
    put_back(state, before);
    error.prepend(path + ": ");
    throw;
  }
  return file.metadata;
}

}  // namespace korrel::training
