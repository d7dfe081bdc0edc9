#include <korrel/datasets/cifar.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>
#include <tests/temporary_folder.h>

// The bytes as the archive, and as each batch of a folder.
void fuzz::cifar(std::string_view bytes) {
  MemoryFile file(bytes);
  // u8 batches, then all of them together with an i64 label each.
  std::size_t limit = base_bytes + (growing + 2) * deflate_ratio * bytes.size();
  static const TemporaryFolder folder;
  static std::string linked;
  for (const char* name : {"data_batch_1.bin", "data_batch_5.bin"}) {
    if (linked == file.path()) break;  // the descriptor has the same number as the last one, most often
    std::filesystem::remove(folder / name);
    std::filesystem::create_symlink(file.path(), folder / name);
  }
  linked = file.path();
  for (bool train : {true, false}) {
    watch(limit, [&] { korrel::datasets::cifar10(file.path(), {.train = train}); });
    watch(limit, [&] { korrel::datasets::cifar10(folder.path(), {.train = train}); });
  }
}
