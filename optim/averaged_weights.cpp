#include <korrel/optim/averaged_weights.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/tensor/create.h>

namespace korrel::optim {
namespace {

constexpr int64_t elements_per_thread = 64 << 10;  // two arrays of 256 KiB: below, waking a thread costs more

constexpr double most_updates = 0x1p53;  // in a saved state: one more is far from overflow

std::size_t bytes_of(const Tensor& x) { return static_cast<std::size_t>(x.numel()) * size_of(x.dtype()); }

void copy_bytes(const Tensor& from, const Tensor& to) { std::memcpy(to.raw_data(), from.raw_data(), bytes_of(from)); }

template <class T>
void approach(T* average, const T* live, int64_t n, T share) {
  parallel_for(n, elements_per_thread, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) average[i] += share * (live[i] - average[i]);
  });
}

}  // namespace

AveragedWeights::AveragedWeights(nn::Module& model, const AverageOptions& options) : options_(options) {
  check<ValueError>(options.decay >= 0 && options.decay < 1, "AveragedWeights: decay must lie in [0, 1), got {}",
                    options.decay);
  for (const auto& [key, tensor] : model.state_dict()) {
    Tensor average = make_tensor(tensor.shape(), tensor.dtype());
    copy_bytes(tensor, average);
    slots_.push_back({key, tensor, average});
  }
}

void AveragedWeights::check_not_exchanged(const char* what) const {
  check<ValueError>(!exchanged_, "AveragedWeights: {} while the model has the averaged weights", what);
}

void AveragedWeights::update() {
  check_not_exchanged("update");
  for (const Slot& slot : slots_)
    check<DtypeError>(slot.live.dtype() == slot.average.dtype(),
                      "AveragedWeights: {} is {}, but was {} when this was made; make a new one after to()", slot.key,
                      slot.live.dtype(), slot.average.dtype());
  ++updates_;
  auto count = static_cast<double>(updates_);
  double decay = options_.warm_up ? std::min(options_.decay, (1 + count) / (10 + count)) : options_.decay;
  for (Slot& slot : slots_) {
    if (!is_floating(slot.live.dtype())) {
      copy_bytes(slot.live, slot.average);
      continue;
    }
    visit_floating(slot.live.dtype(), [&]<class T>() {
      approach(slot.average.data<T>(), static_cast<const T*>(slot.live.raw_data()), slot.live.numel(),
               static_cast<T>(1 - decay));
    });
  }
}

void AveragedWeights::exchange() {
  for (const Slot& slot : slots_) {
    auto* live = static_cast<char*>(slot.live.raw_data());
    std::swap_ranges(live, live + bytes_of(slot.live), static_cast<char*>(slot.average.raw_data()));
  }
  exchanged_ = !exchanged_;
}

nn::StateDict AveragedWeights::weights() const {
  check_not_exchanged("weights");
  nn::StateDict weights;
  for (const Slot& slot : slots_) weights.emplace_back(slot.key, slot.average);
  return weights;
}

StateDict AveragedWeights::state_dict() const {
  check_not_exchanged("state_dict");
  StateDict state = {{"updates", from_vector<int64_t>({updates_}, {})}};
  for (const Slot& slot : slots_) state.emplace_back("weights." + slot.key, slot.average);
  return state;
}

void AveragedWeights::load_state_dict(const StateDict& state) {
  check_not_exchanged("load_state_dict");
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [key, tensor] : state) given[key] = &tensor;
  auto find = [&](const std::string& key, const Shape& shape) {
    auto found = given.find(key);
    check<ValueError>(found != given.end() && found->second->defined(), "AveragedWeights: the saved state lacks {}",
                      key);
    check<ValueError>(found->second->shape() == shape, "AveragedWeights: {} is {} here and {} in the saved state", key,
                      shape, found->second->shape());
    return *found->second;
  };
  Tensor saved = find("updates", {});
  check<ValueError>(saved.item() >= 0 && saved.item() <= most_updates,
                    "AveragedWeights: the saved state has {} updates", saved.item());
  std::vector<Tensor> values;
  for (const Slot& slot : slots_)
    values.push_back(find("weights." + slot.key, slot.average.shape()).detach().to(slot.average.dtype()).contiguous());
  check<ValueError>(given.size() == slots_.size() + 1, "AveragedWeights: the saved state has {} entries, {} are known",
                    given.size(), slots_.size() + 1);
  for (std::size_t i = 0; i < slots_.size(); ++i) copy_bytes(values[i], slots_[i].average);
  updates_ = saved.item<int64_t>();
}

}  // namespace korrel::optim
