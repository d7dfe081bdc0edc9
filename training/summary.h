// What a model is made of, seen by sending one sample of zeros through it: per layer the output's shape, parameters,
// multiply-adds and receptive field. Not a cost model of ops: what runs outside layers (relu(x), x + y) is not counted.
#pragma once

#include <string>
#include <vector>

#include <korrel/layers/module.h>

namespace korrel::training {

struct LayerSummary {
  std::string path;        // "features.0"; the class's name for a model that is one layer
  std::string type;        // "Conv2d"
  Shape output;            // without the batch
  int64_t parameters = 0;  // of this layer itself; 0 when it is called again
  int64_t multiply_adds = 0;
  // Input pixels per axis that one output sees; empty: all of them, or not an image. Pooling that a function does
  // between two layers is told by the smaller image and taken as windows that do not overlap.
  Dims receptive_field;
};

struct ModelSummary {
  std::vector<LayerSummary> layers;  // in the order of the calls
  Shape input, output;               // without the batch
  int64_t parameters = 0, trainable = 0, multiply_adds = 0;
};

// `input` is the shape of one sample ([1,28,28]). The model runs in eval mode without gradients; its mode is put back
// and nothing else changes. Throws what the model throws when it does not take such a sample.
ModelSummary summarize(nn::Module& model, const Shape& input);

std::string to_string(const ModelSummary& summary);  // a table with totals

}  // namespace korrel::training
