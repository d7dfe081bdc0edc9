// The first signal sets the flag, the handlers of before come back, and a second signal ends the program.
#include <doctest/doctest.h>
#include <korrel/training/interrupt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

using korrel::training::Interrupt;

TEST_CASE("SIGINT and SIGTERM are noted") {
  for (int signal : {SIGINT, SIGTERM}) {
    Interrupt interrupt;
    CHECK_FALSE(interrupt.requested());
    std::raise(signal);
    CHECK(interrupt.requested());
    CHECK(interrupt.signal() == signal);
  }
  Interrupt fresh;
  CHECK_FALSE(fresh.requested());
}

TEST_CASE("afterwards the signals do what they did before") {
  static int caught;
  caught = 0;
  auto old = std::signal(SIGINT, [](int) { ++caught; });
  { Interrupt interrupt; }
  std::raise(SIGINT);
  CHECK(caught == 1);
  std::signal(SIGINT, old);
}

TEST_CASE("a second signal ends the program") {
  pid_t child = fork();
  if (child == 0) {
    Interrupt interrupt;
    std::raise(SIGINT);
    std::raise(SIGINT);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
