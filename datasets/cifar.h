// CIFAR-10 (Krizhevsky 2009), the binary version: colour images of 32x32 in ten classes.
#pragma once

#include <string>

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

// Images u8 [N,3,32,32] (red, green, blue planes), labels i64 [N]. `folder` holds data_batch_1.bin and so on, a
// sub-folder cifar-10-batches-bin with them, or cifar-10-binary.tar.gz, which is read as it is; `folder` may also be
// that file itself. If it is empty, KORREL_DATA names it. With test_batch.bin there, the test set is that, and training
// takes the batches 1 to 5 that are there. Without it, data_batch_5.bin is held out as the test set and training takes
// 1 to 4; the description says which. Throws IoError: nothing there, a size that is no multiple of 3,073 bytes, a label
// past 9, a damaged archive.
Dataset cifar10(const std::string& folder, Split split = {});

}  // namespace korrel::datasets
