#include <unordered_map>
#include <unordered_set>

#include <korrel/framework/base/check.h>
#include <korrel/layers/member_walk.h>

namespace korrel::nn {
namespace {

struct Slot {
  std::string key;
  OwnedTensor* tensor;
};

// The module's own parameters, then its buffers, then what its children have: PyTorch's order.
void collect(const Module& module, const std::string& prefix, std::vector<Slot>& slots) {
  Members members = members_of(module);
  for (Member::Kind kind : {Member::Kind::parameter, Member::Kind::buffer})
    for (const Member& member : members.list)
      if (member.kind == kind && member.tensor->defined()) slots.push_back({prefix + member.key(), member.tensor});
  for (const Member& member : members.list)
    if (member.module) collect(*member.module, prefix + member.key() + '.', slots);
}

std::vector<Slot> slots_of(const Module& module) {
  module.check_members();
  std::vector<Slot> slots;
  collect(module, "", slots);
  return slots;
}

std::string comma_separated(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Why `given` cannot be copied into `mine`; empty if it can.
std::string mismatch(const Tensor& mine, const Tensor& given) {
  if (!given.defined()) return "is undefined in the dictionary";
  if (mine.shape() != given.shape())
    return fmt::format("is {} in the module and {} in the dictionary", mine.shape(), given.shape());
  if (is_floating(mine.dtype()) != is_floating(given.dtype()))
    return fmt::format("is {} in the module and {} in the dictionary", mine.dtype(), given.dtype());
  return {};
}

// What of the report the options do not bear, as text; empty if all.
std::string faults_in(const LoadReport& report, const LoadOptions& options) {
  std::vector<std::string> faults;
  if (options.strict && !report.missing.empty()) faults.push_back("missing keys: " + comma_separated(report.missing));
  if (options.strict && !report.unexpected.empty())
    faults.push_back("unexpected keys: " + comma_separated(report.unexpected));
  if (!options.ignore_mismatched && !report.mismatched.empty()) {
    std::vector<std::string> wrong;
    for (const Mismatch& mismatch : report.mismatched) wrong.push_back(mismatch.key + ' ' + mismatch.why);
    faults.push_back("mismatches: " + comma_separated(wrong));
  }
  std::string text;
  for (const std::string& fault : faults) text += (text.empty() ? "" : "; ") + fault;
  return text;
}

}  // namespace

StateDict Module::state_dict() const {
  StateDict state;
  for (const Slot& slot : slots_of(*this)) state.emplace_back(slot.key, *slot.tensor);
  return state;
}

LoadReport Module::load_state_dict(const StateDict& state, LoadOptions options) {
  LoadReport report;
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [key, tensor] : state)
    if (!given.emplace(key, &tensor).second) report.mismatched.push_back({key, "is twice in the dictionary"});

  std::vector<std::pair<OwnedTensor*, const Tensor*>> copies;
  std::unordered_set<std::string> known;
  for (const Slot& slot : slots_of(*this)) {
    known.insert(slot.key);
    auto found = given.find(slot.key);
    if (found == given.end()) {
      report.missing.push_back(slot.key);
    } else if (std::string why = mismatch(*slot.tensor, *found->second); !why.empty()) {
      report.mismatched.push_back({slot.key, why});
    } else {
      copies.emplace_back(slot.tensor, found->second);
    }
  }
  for (const auto& [key, tensor] : state)
    if (!known.contains(key)) report.unexpected.push_back(key);

  if (std::string faults = faults_in(report, options); !faults.empty())
    throw LoadError("load_state_dict of " + type_name() + ": " + faults, std::move(report));
  for (auto [mine, values] : copies) mine->copy_(*values);
  return report;
}

}  // namespace korrel::nn
