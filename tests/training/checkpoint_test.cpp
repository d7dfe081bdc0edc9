// Training that stops, is saved, and goes on in new objects has the bits of training that never stopped; a file that
// does not fit changes nothing; a killed writer leaves a whole file.
#include <doctest/doctest.h>
#include <korrel/datasets/digits.h>
#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/base/error.h>
#include <korrel/framework/ops/activation.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/layers/batch_norm.h>
#include <korrel/layers/dropout.h>
#include <korrel/layers/linear.h>
#include <korrel/optim/adagrad.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/optim/combined_scheduler.h>
#include <korrel/optim/cyclic_scheduler.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/optim/reduce_on_plateau.h>
#include <korrel/optim/sgd.h>
#include <korrel/training/checkpoint.h>
#include <sys/wait.h>
#include <tests/temporary_folder.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>

using namespace korrel;
using namespace korrel::training;
using datasets::DataLoader;

namespace {

struct Net : nn::Module {  // something of everything: batch statistics, random numbers in training
  nn::Linear fc1{784, 16}, fc2{16, 10};
  nn::BatchNorm1d norm{16};
  nn::Dropout dropout{0.3};
  KORREL_MODULE(fc1, norm, dropout, fc2)
  Tensor forward(const Tensor& x) override { return fc2(dropout(relu(norm(fc1(x.flatten(1)))))); }
};

struct StopAt : Observer {
  explicit StopAt(int64_t step) : left(step) {}
  void step(const StepReport&) override { --left; }
  bool stop() override { return left <= 0; }
  int64_t left;
};

// All objects of a training, made anew for each part of it.
struct Training {
  Net net;
  optim::Adam adam{net.parameters(), {.lr = 2e-3}};
  optim::OneCycleLR schedule{adam, {.max_lr = 2e-3, .total_steps = 4 * 7}};
  optim::AveragedWeights average{net, {.decay = 0.9}};
  datasets::Dataset data = datasets::digits({.count = 200});
  DataLoader loader{data,
                    {.batch_size = 32,
                     .shuffle = true,
                     .seed = 5,
                     .transforms = {datasets::RandomCrop{.padding = 2}, datasets::Normalize{data.mean, data.std}}}};
  DataLoader test{datasets::digits({.train = false, .count = 100}), {.batch_size = 50}};
  FitPosition position;
  TrainingState state{
      .model = &net, .optimizer = &adam, .scheduler = &schedule, .average = &average, .position = &position};

  FitResult run(int epochs, std::vector<Observer*> observers = {}) {
    return fit(net, loader, adam,
               {.epochs = epochs,
                .test = &test,
                .scheduler = &schedule,
                .observers = observers,
                .schedule_steps = true,
                .label_smoothing = 0.1,
                .mixup = 0.2,
                .average = &average,
                .position = &position});
  }
};

void forget_seconds(FitPosition& position) {
  position.seconds = 0;
  for (EpochReport& report : position.reports) report.seconds = 0;
}

// The bytes of the whole state, but for the seconds that it took.
std::string bytes_of(Training& training, const std::string& path) {
  forget_seconds(training.position);
  save_checkpoint(path, training.state);
  return read_bytes(path);
}

template <class O>
std::string steps_and_back(const std::string& path, typename O::Group group, bool through_a_file) {
  Generator generator(3);
  Tensor w = randn({57}, {.dtype = f32, .requires_grad = true}, generator);
  group.parameters = {w};
  auto optimizer = std::make_unique<O>(std::vector<typename O::Group>{group});
  for (int step = 0; step < 6; ++step) {
    if (step == 3 && through_a_file) {
      save_checkpoint(path, {.optimizer = optimizer.get()});
      w = w.detach().clone().requires_grad_();
      group.parameters = {w};
      group.options = {};
      optimizer = std::make_unique<O>(std::vector<typename O::Group>{group});
      load_checkpoint(path, {.optimizer = optimizer.get()});
    }
    w.set_grad(randn({57}, {}, generator));
    optimizer->step();
  }
  save_checkpoint(path, {.optimizer = optimizer.get()});
  return read_bytes(path) + std::string(reinterpret_cast<const char*>(w.data<float>()), 57 * 4);
}

template <class Options>
void check_optimizer(Options options) {
  CAPTURE(Options::optimizer);
  TemporaryFolder folder;
  using O = optim::OptimizerOf<Options>;
  CHECK(steps_and_back<O>(folder / "x", {{}, options}, true) == steps_and_back<O>(folder / "x", {{}, options}, false));
}

// The rates of 12 steps, in one go and with a new schedule and optimizer after 5.
template <class Make>
void check_schedule(const char* name, Make make) {
  CAPTURE(name);
  TemporaryFolder folder;
  std::vector<double> whole, parts;
  for (bool through_a_file : {false, true}) {
    Tensor w = ones({1}, {.requires_grad = true});
    auto optimizer =
        std::make_unique<optim::SGD>(std::vector<Tensor>{w}, optim::SGDOptions{.lr = 0.5, .momentum = 0.9});
    auto schedule = make(*optimizer);
    for (int step = 0; step < 12; ++step) {
      if (step == 5 && through_a_file) {
        save_checkpoint(folder / "x", {.optimizer = optimizer.get(), .scheduler = schedule.get()});
        schedule.reset();
        optimizer = std::make_unique<optim::SGD>(std::vector<Tensor>{w}, optim::SGDOptions{.lr = 0.5, .momentum = 0.9});
        schedule = make(*optimizer);
        load_checkpoint(folder / "x", {.optimizer = optimizer.get(), .scheduler = schedule.get()});
      }
      schedule->step();
      for (std::vector<double>* rates : {through_a_file ? &parts : &whole}) {
        rates->push_back(optimizer->lr());
        rates->push_back(optimizer->option("momentum"));
      }
    }
  }
  CHECK(parts == whole);
}

}  // namespace

TEST_CASE("four epochs are the same bits in one go, as two and two, and stopped in the middle of an epoch") {
  TemporaryFolder folder;
  manual_seed(11);
  Training whole;
  whole.run(4);
  REQUIRE(whole.position.epoch == 4);
  std::string expected = bytes_of(whole, folder / "whole");

  for (int64_t stop : {14, 17, 20, 1}) {  // after two epochs of 7 steps, within the third (twice), at the first step
    CAPTURE(stop);
    manual_seed(11);
    {
      Training first;
      StopAt here(stop);
      CheckpointFile file(folder / "part", first.state, {{"note", "x"}});
      CHECK(first.run(4, {&file, &here}).stopped);
      CHECK(first.position.epoch == stop / 7);
      CHECK(first.position.step == stop % 7);
      file.save();
    }
    manual_seed(12345);  // as in a new process: nothing is left of the first part but the file
    Training second;
    std::fill_n(second.net.fc1.weight.data<float>(), 100, 9.f);
    Metadata metadata = load_checkpoint(folder / "part", second.state);
    CHECK(metadata.back() == std::pair<std::string, std::string>("note", "x"));
    FitResult result = second.run(4);
    CHECK(result.epochs.size() == 4);
    CHECK(second.position.reports.size() == 4);
    CHECK(bytes_of(second, folder / "parts") == expected);
  }
}

TEST_CASE("each optimizer goes on with the same bits after a save and a load") {
  check_optimizer(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01});
  check_optimizer(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true});
  check_optimizer(optim::ASGDOptions{.lr = 0.1, .t0 = 2});
  check_optimizer(optim::AdamOptions{.lr = 0.1, .amsgrad = true});
  check_optimizer(optim::AdamWOptions{.lr = 0.1, .betas = {0.8, 0.95}});
  check_optimizer(optim::NAdamOptions{.lr = 0.1});
  check_optimizer(optim::RAdamOptions{.lr = 0.1});
  check_optimizer(optim::AdamaxOptions{.lr = 0.1});
  check_optimizer(optim::AdagradOptions{.lr = 0.1, .lr_decay = 0.1});
  check_optimizer(optim::AdadeltaOptions{.lr = 0.1});
  check_optimizer(optim::RMSpropOptions{.lr = 0.1, .momentum = 0.5, .centered = true});
  check_optimizer(optim::RpropOptions{.lr = 0.1});
}

TEST_CASE("each schedule goes on with the same rates after a save and a load") {
  using optim::Optimizer;
  using std::make_unique;
  check_schedule("step",
                 [](Optimizer& o) { return make_unique<optim::StepLR>(o, optim::StepOptions{.step_size = 3}); });
  check_schedule("multi-step", [](Optimizer& o) {
    return make_unique<optim::MultiStepLR>(o, optim::MultiStepOptions{.milestones = {2, 7}});
  });
  check_schedule("constant", [](Optimizer& o) {
    return make_unique<optim::ConstantLR>(o, optim::ConstantOptions{.total_iters = 7});
  });
  check_schedule("linear",
                 [](Optimizer& o) { return make_unique<optim::LinearLR>(o, optim::LinearOptions{.total_iters = 8}); });
  check_schedule("exponential", [](Optimizer& o) {
    return make_unique<optim::ExponentialLR>(o, optim::ExponentialLR::Options{.gamma = 0.9});
  });
  check_schedule("polynomial", [](Optimizer& o) {
    return make_unique<optim::PolynomialLR>(o, optim::PolynomialOptions{.total_iters = 9, .power = 2});
  });
  check_schedule("cosine", [](Optimizer& o) {
    return make_unique<optim::CosineAnnealingLR>(o, optim::CosineAnnealingOptions{.T_max = 4});
  });
  check_schedule("warm restarts", [](Optimizer& o) {
    return make_unique<optim::CosineAnnealingWarmRestarts>(o, optim::WarmRestartOptions{.T_0 = 2, .T_mult = 2});
  });
  check_schedule("lambda", [](Optimizer& o) {
    return make_unique<optim::LambdaLR>(o, [](int64_t epoch) { return 1.0 / double(epoch + 1); });
  });
  check_schedule("multiplicative",
                 [](Optimizer& o) { return make_unique<optim::MultiplicativeLR>(o, [](int64_t) { return 0.9; }); });
  check_schedule("one cycle", [](Optimizer& o) {
    return make_unique<optim::OneCycleLR>(o, optim::OneCycleOptions{.max_lr = 0.5, .total_steps = 12});
  });
  check_schedule("cyclic", [](Optimizer& o) {
    return make_unique<optim::CyclicLR>(
        o,
        optim::CyclicOptions{.base_lr = 0.1, .max_lr = 1, .step_size_up = 2, .mode = optim::CyclicMode::triangular2});
  });
  struct Both {  // a schedule that is made of others
    explicit Both(Optimizer& o)
        : warm(o, {.total_iters = 4}), step(o, {.step_size = 2}), both(o, {&warm, &step}, {4}) {}
    optim::LinearLR warm;
    optim::StepLR step;
    optim::SequentialLR both;
  };
  check_schedule("sequential", [](Optimizer& o) {
    auto parts = std::make_shared<Both>(o);
    return std::shared_ptr<optim::SequentialLR>(parts, &parts->both);
  });
}

TEST_CASE("a generator of one's own and tensors of one's own travel along; ReduceLROnPlateau among them") {
  TemporaryFolder folder;
  Generator generator(~uint64_t{0});
  generator.set_draws(uint64_t{1} << 63);
  Tensor w = ones({2}, {.requires_grad = true});
  optim::SGD sgd({w}, {.lr = 1});
  optim::ReduceLROnPlateau plateau(sgd, {.patience = 0});
  for (double metric : {3.0, 4.0}) plateau.step(metric);
  NamedTensors mine = plateau.state_dict();
  save_checkpoint(folder / "x", {.optimizer = &sgd, .generator = &generator, .more = &mine});

  Generator other(1);
  optim::SGD new_sgd({w}, {.lr = 1});
  optim::ReduceLROnPlateau new_plateau(new_sgd, {.patience = 0});
  NamedTensors theirs;
  load_checkpoint(folder / "x", {.optimizer = &new_sgd, .generator = &other, .more = &theirs});
  new_plateau.load_state_dict(theirs);
  CHECK(other.seed() == ~uint64_t{0});
  CHECK(other.draws() == uint64_t{1} << 63);
  CHECK(new_sgd.lr() == 0.1);
  new_plateau.step(3.5);
  CHECK(new_sgd.lr() == doctest::Approx(0.01));
}

TEST_CASE("the model alone can be taken from a checkpoint") {
  TemporaryFolder folder;
  Training training;
  training.run(1);
  save_checkpoint(folder / "x", training.state);
  Net net;
  load_checkpoint(folder / "x", {.model = &net});
  for (std::size_t i = 0; i < net.state_dict().size(); ++i)
    CHECK(net.state_dict()[i].second.to_vector() == training.net.state_dict()[i].second.to_vector());
}

TEST_CASE("a checkpoint that does not fit is refused by name, and changes nothing") {
  TemporaryFolder folder;
  Training saved;
  saved.run(1);
  std::string path = folder / "x";
  save_checkpoint(path, saved.state, {{"format", "mine"}});  // those of the format are not overwritten
  SafetensorsFile good = load_safetensors(path);

  Training training;
  std::string before = bytes_of(training, folder / "before");
  auto refused = [&](const char* tensor, const Tensor& value, const char* words) {
    CAPTURE(tensor);
    NamedTensors tensors;
    for (const auto& entry : good.tensors)
      if (entry.first != tensor) tensors.push_back(entry);
    if (value.defined()) tensors.emplace_back(tensor, value);
    save_safetensors(path, tensors, good.metadata);
    std::string said = message_of<ValueError>([&] { load_checkpoint(path, training.state); });
    CAPTURE(said);
    CHECK(said.starts_with(path + ": "));
    CHECK(contains(said, words));
    CHECK(bytes_of(training, folder / "after") == before);
  };
  refused("model.fc1.weight", {}, "missing keys: fc1.weight");
  refused("model.fc2.bias", ones({3}), "fc2.bias is [10] in the module and [3] in the dictionary");
  refused("optimizer.state.0.exp_avg", ones({3}), "state.0.exp_avg is [3]");
  refused("optimizer.param_groups.0.lr", {}, "param_groups.0.lr is missing");
  refused("optimizer.param_groups.0.lr", ones({2}), "param_groups.0.lr");
  refused("optimizer.state.0.step", ones({2}), "");
  refused("scheduler.last_epoch", {}, "last_epoch");
  refused("average.updates", {}, "lacks updates");
  refused("average.updates", ones({2}), "updates is []");
  refused("random.seed", {}, "the checkpoint has no random.seed");
  refused("random.draws", ones({}), "random.draws is f32 [], not i64 []");
  refused("position.place", {}, "the checkpoint has no position.place");
  refused("position.place", from_vector<int64_t>({2, 0, 1}), "position.place is [2,0,1], with 1 reports");
  refused("position.place", from_vector<int64_t>({1, -3, 1}), "position.place is [1,-3,1]");
  refused("position.so_far", ones({5}), "position.so_far is f32 [5], not f64 [5]");
  refused("position.reports", full({1, 8}, NAN, {.dtype = f64}), "position.reports names epoch nan");

  save_safetensors(path, good.tensors, {});
  CHECK(
      contains(message_of<IoError>([&] { load_checkpoint(path, training.state); }), "not a checkpoint: its format is"));
  save_safetensors(path, good.tensors, {{"format", "korrel-checkpoint"}, {"version", "2"}});
  CHECK(contains(message_of<IoError>([&] { load_checkpoint(path, training.state); }), "of version 2, 1 is known here"));
  save_checkpoint(path, {.model = &training.net});
  CHECK(contains(message_of<ValueError>([&] { load_checkpoint(path, training.state); }),
                 "the checkpoint's optimizer is missing, not Adam"));
  optim::AdamW adamw(saved.net.parameters(), {});
  save_checkpoint(path, {.optimizer = &adamw});
  CHECK(contains(message_of<ValueError>([&] { load_checkpoint(path, {.optimizer = &training.adam}); }),
                 "the checkpoint's optimizer is AdamW, not Adam"));
  CHECK(contains(message_of<IoError>([&] { load_checkpoint(folder / "none", training.state); }), "none"));
  CHECK(bytes_of(training, folder / "after") == before);
}

TEST_CASE("a position that the loader does not have is an error") {
  Training training;
  training.position = {.epoch = 0, .step = 8, .loader_epoch = 0};
  CHECK(contains(message_of<ValueError>([&] { training.run(1); }), "no batch 8 of epoch 0; epochs of 7 batches"));
}

// A child does nothing but save one whole state after the other, each of one number; it is killed at any moment. What
// is there then is one of them, whole.
TEST_CASE("killed at any moment of saving, the old or the new checkpoint is there and whole") {
  TemporaryFolder folder;
  std::string path = folder / "x";
  nn::Linear net(300, 300);
  optim::SGD sgd(net.parameters(), {.lr = 1, .momentum = 0.9});
  FitPosition position;
  TrainingState state{.model = &net, .optimizer = &sgd, .position = &position};
  auto set = [&](int number) {
    for (const auto& [name, tensor] : net.state_dict())
      std::fill_n(static_cast<float*>(tensor.raw_data()), tensor.numel(), static_cast<float>(number));
    sgd.set_lr(number);
    position.step = number;
  };
  set(1);
  save_checkpoint(path, state);
  Generator generator(2);
  int caught = 0, replaced = 0;
  for (int round = 0; round < 100; ++round) {
    load_checkpoint(path, state);
    int before = static_cast<int>(position.step);
    pid_t child = fork();
    if (child == 0) {
      for (int number = before + 1;; ++number) {
        set(number);
        save_checkpoint(path, state);
      }
    }
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::microseconds(generator.next_below(20000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    set(0);
    load_checkpoint(path, state);
    auto number = static_cast<int>(position.step);
    CHECK(number >= before);
    replaced += number > before;
    CHECK(sgd.lr() == number);
    for (const auto& [name, tensor] : net.state_dict()) {
      auto* values = static_cast<const float*>(tensor.raw_data());
      CHECK(std::all_of(values, values + tensor.numel(), [&](float v) { return v == static_cast<float>(number); }));
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().extension() != ".tmp") continue;
      ++caught;  // in the middle of writing
      std::filesystem::remove(entry.path());
    }
  }
  MESSAGE("100 kills, " << caught << " in the middle of writing, " << replaced << " after at least one save");
  CHECK(caught > 0);
}
