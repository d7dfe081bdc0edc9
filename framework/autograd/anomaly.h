// Anomaly mode, per thread: the first op whose result or gradient holds a NaN throws an Error that names the op and the
// module path it ran in. Costs a pass over every result; for debugging.
#pragma once

namespace korrel {

bool anomaly_enabled();

class AnomalyGuard {
 public:
  explicit AnomalyGuard(bool enabled = true);
  ~AnomalyGuard();
  AnomalyGuard(const AnomalyGuard&) = delete;
  AnomalyGuard& operator=(const AnomalyGuard&) = delete;

 private:
  bool before_;
};

}  // namespace korrel
