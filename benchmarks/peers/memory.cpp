// Peak resident size of one case: this file is linked with one side only, so that a process holds one library.
//   korrel_memory CASE STEPS      torch_memory CASE STEPS
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include <benchmarks/peers/peers.h>

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 10;
#ifdef KORREL_SIDE
  peers::set_korrel_threads(1);
  const peers::Table table = peers::korrel_cases();
#else
  peers::set_torch_threads(1);
  const peers::Table table = peers::torch_cases();
#endif
  for (const auto& [known, make] : table) {
    if (known != name) continue;
    const peers::Case made = make();
    for (int i = 0; i < steps; ++i) made.step();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.1f\n", static_cast<double>(usage.ru_maxrss) / 1024);
    return 0;
  }
  std::fprintf(stderr, "no case '%s'\n", name.c_str());
  return 1;
}
