// Ctrl-C as a flag: while an Interrupt lives, the first SIGINT or SIGTERM sets the flag instead of ending the program,
// and fit(), with this among its observers, stops after the current step. A second signal ends the program as usual.
// For programs; one at a time.
#pragma once

#include <korrel/training/observer.h>

namespace korrel::training {

class Interrupt : public Observer {
 public:
  Interrupt();
  ~Interrupt() override;  // what the signals did before is restored
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool stop() override { return requested(); }
  bool requested() const;
  int signal() const;  // the number of the signal that came, or 0
};

}  // namespace korrel::training
