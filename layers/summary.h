// summary(net, {1,28,28}): what a network consists of, layer by layer in the order of the calls: output shapes,
// parameters, multiply-adds, receptive fields. Runs one forward on zeros, in evaluation mode; the network is left as it
// was.
#pragma once

#include <string>
#include <vector>

#include <korrel/layers/module.h>

namespace korrel::nn {

struct SummaryRow {
  std::string path;           // "features.0"
  std::string type;           // "Conv2d"
  Shape output;               // of one sample, without the batch
  bool called = true;         // false: the forward did not reach this layer
  int64_t parameters = 0;     // of the layer itself; counted at its first call
  int64_t multiply_adds = 0;  // for one sample
  Dims receptive_field;       // per spatial axis of the input; empty where that means nothing
};

struct Summary {
  Shape input;
  std::vector<SummaryRow> rows;
  int64_t parameters = 0;
  int64_t trainable_parameters = 0;
  int64_t multiply_adds = 0;
};

// `input`: the shape of one sample. Multiply-adds are those of convolution and linear layers; ops called as functions
// count none. Receptive fields follow the recorded graph; a pooling called as a function is taken as one that does not
// overlap.
Summary summary(Module& net, const Shape& input);

std::string to_string(const Summary& summary);  // a table with totals

}  // namespace korrel::nn
