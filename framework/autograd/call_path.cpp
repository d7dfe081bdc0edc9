#include <korrel/framework/autograd/call_path.h>

namespace korrel {
namespace {
thread_local const CallFrame* innermost = nullptr;
}

CallFrame::CallFrame() : caller_(innermost) { innermost = this; }
CallFrame::~CallFrame() { innermost = caller_; }

const CallFrame* current_call() { return innermost; }
std::string current_call_path() { return innermost ? innermost->path() : std::string(); }

}  // namespace korrel
