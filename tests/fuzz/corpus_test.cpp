// The inputs in corpus/NAME (seeds, and what once failed) through the same functions that libFuzzer drives.
#include <doctest/doctest.h>
#include <tests/fuzz/targets.h>
#include <tests/temporary_folder.h>

TEST_CASE("no input of the corpus crashes a reader, or makes it take more memory than the input can fill") {
  for (const fuzz::Target& target : fuzz::targets) {
    CAPTURE(target.name);
    int inputs = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(KORREL_SOURCE_DIR "/tests/fuzz/corpus/" + std::string(target.name))) {
      CAPTURE(entry.path().string());
      std::string bytes = read_bytes(entry.path().string());
      CHECK_NOTHROW(target.run(bytes));
      // And cut off, and with a bit turned, in a few places of each.
      for (std::size_t i = 0; i < 40; ++i) {
        std::size_t at = bytes.size() * i / 40;
        CHECK_NOTHROW(target.run(bytes.substr(0, at)));
        if (at >= bytes.size()) continue;
        std::string turned = bytes;
        turned[at] = static_cast<char>(turned[at] ^ (1 << i % 8));
        CHECK_NOTHROW(target.run(turned));
      }
      ++inputs;
    }
    CHECK(inputs > 0);
  }
}
