// Progress: shows training in one line that is redrawn (on a terminal) or in plain lines now and then (anywhere else),
// written to a stream of the caller's. The library prints nothing by itself.
#pragma once

#include <iosfwd>
#include <string>

#include <korrel/training/observer.h>

namespace korrel::training {

struct ProgressOptions {
  bool terminal = false;         // redraw one line; the caller knows what the stream is
  int width = 100;               // columns of the terminal
  double seconds_between = 0.1;  // between two drawings; lines that are not redrawn wait 100 times as long
};

class Progress : public Observer {
 public:
  explicit Progress(std::ostream& out, ProgressOptions options = {});
  ~Progress() override;  // ends a line that is still being redrawn
  void step(const StepReport& report) override;
  void epoch(const EpochReport& report) override;

 private:
  void clear_line();

  std::ostream& out_;
  ProgressOptions options_;
  double last_drawn_ = 0;  // on a steady clock
  bool line_open_ = false;
};

std::string duration_text(double seconds);  // "8 s", "1 min 05 s", "2 h 03 min"
std::string step_text(const StepReport& report, int width);
std::string epoch_text(const EpochReport& report);

}  // namespace korrel::training
