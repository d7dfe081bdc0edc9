#include <korrel/training/interrupt.h>

#include <csignal>

namespace korrel::training {
namespace {

volatile std::sig_atomic_t received = 0;
constexpr int signals[] = {SIGINT, SIGTERM};
struct sigaction previous[2];

void note(int signal) { received = signal; }

}  // namespace

Interrupt::Interrupt() {
  received = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &action, &previous[i]);
}

Interrupt::~Interrupt() {
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &previous[i], nullptr);
}

bool Interrupt::requested() const { return received != 0; }
int Interrupt::signal() const { return received; }

}  // namespace korrel::training
