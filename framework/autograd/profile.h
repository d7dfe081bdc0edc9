// Profile: where the time of a piece of code goes, per op and module path, forward and backward apart.
//   korrel::Profile profile = korrel::profile();
//   for (int i = 0; i < 10; ++i) train_step();
//   fmt::print("{}", profile.table());
// Or set KORREL_PROFILE=1: the program's main thread is measured from its start, the table goes to stderr at exit.
//
// Measured is the thread that made the Profile. An op's time runs from the end of what was noted before it (an op, the
// begin of a module's forward, an optimizer's step) to its own end; an op made of others shows as its parts. Time
// before a module's forward and before a backward pass, such as loading data, is the row "(outside ops)".
#pragma once

#include <string>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct ProfileRow {
  std::string op;    // "conv2d", "Adam.step", "(outside ops)"
  std::string path;  // of the module it ran in, "LeNet5.conv1"; "" outside modules
  bool backward = false;
  int64_t calls = 0;
  double seconds = 0;
  int64_t multiply_adds = 0;  // of convolutions and matrix products; two floating-point operations each
  int64_t bytes = 0;          // of the inputs and outputs, each counted once per call; 0 for views (forward)
  int64_t bytes_in_use = 0;   // highest number of tensor bytes alive when one of the calls ended
};

class Profile {
 public:
  Profile();  // starts; throws ValueError if this thread is being measured already
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  void stop();                           // later calls change nothing
  double seconds() const;                // from start to stop, or until now
  std::vector<ProfileRow> rows() const;  // longest first
  std::string table() const;             // as text: op, module, calls, time, share, GFLOP/s or GB/s, memory

 private:
  Ref<struct ProfileRecord> record_;
};

inline Profile profile() { return Profile(); }

class Node;
namespace profiling {  // what the framework notes; each is one load and a branch while nothing is measured

void end_op(const char* op, const Tensor& output, int64_t input_bytes);
void end_of(const char* what, const char* part = "");  // the time since the last note belongs to what.part

// Lives while the engine works on a node: its gradient closure and the sums over branches.
class NodeScope {
 public:
  explicit NodeScope(const Node& node) : node_(node) {}
  ~NodeScope();
  NodeScope(const NodeScope&) = delete;
  NodeScope& operator=(const NodeScope&) = delete;

 private:
  const Node& node_;
};

}  // namespace profiling
}  // namespace korrel
