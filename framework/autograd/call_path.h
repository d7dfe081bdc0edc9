// The path of the module that is being called on this thread ("LeNet5.conv1"), for anomaly mode, error messages and the
// profiler. nn::Module pushes a CallFrame around forward; a frame is two pointers on the stack, the text is made only
// when somebody asks.
#pragma once

#include <string>

namespace korrel {

class CallFrame {
 public:
  CallFrame();
  virtual ~CallFrame();
  CallFrame(const CallFrame&) = delete;
  CallFrame& operator=(const CallFrame&) = delete;

  const CallFrame* caller() const { return caller_; }
  virtual std::string path() const = 0;  // from the outermost module to this one

 private:
  const CallFrame* caller_;
};

const CallFrame* current_call();  // innermost frame of this thread, or null
std::string current_call_path();  // "" outside any module

}  // namespace korrel
