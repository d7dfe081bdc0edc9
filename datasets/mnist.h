// MNIST (LeCun, Cortes, Burges) and Fashion-MNIST (Zalando): 60,000 + 10,000 grey images of 28x28 in ten classes, read
// from the published idx files, gzip'd or not.
#pragma once

#include <string>

#include <korrel/datasets/dataset.h>

namespace korrel::datasets {

// Images u8 [N,1,28,28], labels i64 [N]. `folder` holds train-images-idx3-ubyte.gz and so on (with or without .gz, and
// also named train-images.idx3-ubyte), or a sub-folder with them ("mnist", "MNIST/raw"); if empty, KORREL_DATA names
// it. Throws IoError: a missing folder or file, a damaged file, images and labels that differ in number, a label
// past 9.
Dataset mnist(const std::string& folder, Split split = {});
Dataset fashion_mnist(const std::string& folder, Split split = {});

}  // namespace korrel::datasets
