#include <korrel/framework/autograd/grad_mode.h>

namespace korrel {
namespace {
thread_local bool enabled = true;
}

bool grad_enabled() { return enabled; }
GradModeGuard::GradModeGuard(bool value) : before_(std::exchange(enabled, value)) {}
GradModeGuard::~GradModeGuard() { enabled = before_; }

}  // namespace korrel
