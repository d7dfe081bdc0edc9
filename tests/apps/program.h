// Runs the built korrel program as a user does, and gives what it printed and how it ended.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tests/temporary_folder.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Ended {
  int status = -1;  // of exit, or 128 + the signal that ended it
  std::string out, err;
};

struct RunOptions {
  std::string folder = {};  // working folder; empty: the test's own
  int signal = 0;           // sent as soon as the file `when` is there
  std::string when = {};
  int delay = 50;             // milliseconds from then to the signal
  long largest_file = 0;      // bytes; 0: no limit. To a writer that is a full disk
  bool data_variable = true;  // false: KORREL_DATA is taken out of the environment
};

inline Ended run_korrel(const std::vector<std::string>& arguments, const RunOptions& options = {}) {
  TemporaryFolder own;
  std::string out = own / "out", err = own / "err";
  pid_t child = fork();
  if (child == 0) {
    if (chdir(options.folder.empty() ? own.path().c_str() : options.folder.c_str()) != 0) _exit(126);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    if (!options.data_variable) unsetenv("KORREL_DATA");
    if (options.largest_file > 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      rlimit limit{static_cast<rlim_t>(options.largest_file), static_cast<rlim_t>(options.largest_file)};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    std::vector<char*> argv{const_cast<char*>("korrel")};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(KORREL_BINARY_DIR "/bin/korrel", argv.data());
    _exit(127);
  }
  if (child < 0) throw std::runtime_error("fork failed");  // never signal -1: that is every process
  int status = 0;
  bool ended = false;
  if (options.signal != 0) {
    while (!ended && !std::filesystem::exists(options.when)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ended = waitpid(child, &status, WNOHANG) == child;
    }
    if (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(options.delay));
    ended = ended || waitpid(child, &status, WNOHANG) == child;
    if (!ended) kill(child, options.signal);  // not yet waited for: the number is still this child's
  }
  if (!ended) waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_bytes(out), read_bytes(err)};
}

inline std::string last_line(const std::string& text) {
  std::string trimmed = text.substr(0, text.find_last_not_of('\n') + 1);
  return trimmed.substr(trimmed.rfind('\n') + 1);
}
