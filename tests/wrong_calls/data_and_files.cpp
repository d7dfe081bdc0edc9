// Wrong calls: data sets, loaders, transforms, files, checkpoints, training.
#include <tests/wrong_calls/tables.h>

#include <korrel/korrel.h>

using namespace korrel;

namespace wrong_calls {
namespace {

datasets::Dataset data() { return {.inputs = x(4, 1, 2, 2), .labels = ints(4), .name = "dots"}; }

}  // namespace

std::span<const Row> data_and_files() {
  static const Row rows[] = {
      {"value",
       [] { datasets::load_dataset("minst", "", {}); },
       {"unknown data set 'minst'; there are: digits, mnist"}},
      {"io", [] { datasets::mnist("/nowhere"); }, {"mnist: there is no folder '/nowhere'"}},
      {"io", [] { datasets::cifar10("/nowhere"); }, {"cifar10: there is no folder '/nowhere'"}},
      {"value", [] { datasets::Digits().generate(0, 0); }, {"digits: the count must be positive, got 0"}},
      {"value",
       [] { datasets::waves({.length = 4}); },
       {"waves: needs a positive count and a length of at least 8, got 4000 and 4"}},
      {"value",
       [] { datasets::solids({.size = 4}); },
       {"solids: needs a positive count and a size of at least 8, got 2000 and 4"}},
      {"value",
       [] { datasets::DataLoader(data(), {.batch_size = 0}); },
       {"DataLoader: batch_size must be at least 1, got 0"}},
      {"value",
       [] { datasets::DataLoader(data(), {.workers = -1}); },
       {"DataLoader: workers must be in 0..256, got -1"}},
      {"value",
       [] { datasets::DataLoader(data(), {}).seek(0, 100); },
       {"DataLoader: there is no batch 100 of epoch 0; epochs of 4 batches"}},
      {"value", [] { data().slice(3, 2); }, {"dataset dots: slice(3, 2) lies outside of 4 samples"}},
      {"value", [] { data().first(-1); }, {"dataset dots: first(-1): the count must not be negative"}},
      {"value", [] { datasets::DataLoader({}, {}); }, {"dataset: inputs and labels must both be given"}},
      {"shape",
       [] { datasets::DataLoader({.inputs = x(4, 1, 2, 2), .labels = ints(3)}, {}); },
       {"dataset: one label per sample is needed, got inputs [4,1,2,2] and labels [3]"}},
      {"dtype",
       [] { datasets::DataLoader({.inputs = x(4, 1, 2, 2), .labels = x(4)}, {}); },
       {"dataset: labels must be i64, got f32"}},
      {"dtype",
       [] { datasets::DataLoader({.inputs = ints(4, 1, 2, 2), .labels = ints(4)}, {}); },
       {"dataset: inputs must be u8 or f32, got i64"}},
      {"value",
       [] {
         datasets::DataLoader({.inputs = x(1, 2), .labels = full({1}, 5, {.dtype = i64}), .classes = {"a", "b"}}, {});
       },
       {"dataset: label 5 of sample 0 is not one of 2 classes"}},
      {"value",
       [] {
         datasets::DataLoader(data(), {.transforms = {datasets::Normalize{{0.5f}, {0.0f}}}});
       },
       {"Normalize: std must be positive, got 0"}},
      {"shape",
       [] {
         datasets::DataLoader(data(), {.transforms = {datasets::Normalize{{0, 0, 0}, {1, 1, 1}}}});
       },
       {"Normalize: 3 means and 3 deviations for samples of 1 channels [1,2,2]"}},
      {"shape",
       [] { datasets::DataLoader(data(), {.transforms = {datasets::RandomCrop{.size = 9}}}); },
       {"RandomCrop: size 9 is larger than the image with its padding of 0", "([1,2,2])"}},
      {"value",
       [] { datasets::DataLoader(data(), {.transforms = {datasets::RandomHorizontalFlip{2}}}); },
       {"RandomHorizontalFlip: p must be in [0,1], got 2"}},
      {"value",
       [] { datasets::DataLoader(data(), {.transforms = {datasets::Cutout{0}}}); },
       {"Cutout: size must be positive, got 0"}},
      {"shape",
       [] { datasets::DataLoader({.inputs = x(4, 3), .labels = ints(4)}, {.transforms = {datasets::Cutout{2}}}); },
       {"Cutout: needs images [C,H,W], samples are [3]"}},
      {"io", [] { load_npy("/nowhere/a.npy"); }, {"/nowhere/a.npy: cannot be opened"}},
      {"io", [] { load_npz("/nowhere/a.npz"); }, {"/nowhere/a.npz: cannot be opened"}},
      {"io", [] { load_safetensors("/nowhere/a.safetensors"); }, {"/nowhere/a.safetensors: cannot be opened"}},
      {"io",
       [] {
         save_safetensors("/nowhere/a.safetensors", {{"a", x(2)}});
       },
       {"/nowhere/a.safetensors: cannot be written"}},
      {"value",
       [] {
         save_safetensors("/nowhere/a.safetensors", {{"a", x(2)}, {"a", x(2)}});
       },
       {"save_safetensors: two tensors are called 'a' (/nowhere/a.safetensors)"}},
      {"value",
       [] {
         save_safetensors("/nowhere/a.safetensors", {{"__metadata__", x(2)}});
       },
       {"save_safetensors: no tensor may be called '__metadata__' (/nowhere/a.safetensors)"}},
      {"value",
       [] {
         save_safetensors("/nowhere/a.safetensors", {{"a", Tensor()}});
       },
       {"save_safetensors: tensor 'a' is undefined (/nowhere/a.safetensors)"}},
      {"value", [] { save_npy("/nowhere/a.npy", Tensor()); }, {"save_npy: the tensor is undefined (/nowhere/a.npy)"}},
      {"value",
       [] {
         SafetensorsFile{{{"a", x(2)}}, {}}.at("b");
       },
       {"safetensors: no tensor 'b'"}},
      {"io",
       [] {
         nn::Linear net(2, 3);
         nn::save(net, "/nowhere/a.safetensors");
       },
       {"/nowhere/a.safetensors: cannot be written"}},
      {"io",
       [] {
         nn::Linear net(2, 3);
         nn::load(net, "/nowhere/a.safetensors");
       },
       {"/nowhere/a.safetensors: cannot be opened"}},
      {"io",
       [] {
         nn::Linear net(2, 3);
         training::load_checkpoint("/nowhere/a", {.model = &net});
       },
       {"/nowhere/a: cannot be opened"}},
      {"io",
       [] {
         nn::Linear net(2, 3);
         training::save_checkpoint("/nowhere/a", {.model = &net});
       },
       {"/nowhere/a: cannot be written"}},
      {"value", [] { training::mixup(x(2, 3), ints(2), 0); }, {"mixup: alpha must be positive, got 0"}},
      {"shape",
       [] { training::accuracy(x(2, 3), ints(3)); },
       {"accuracy: needs logits [B,K] and labels [B], got [2,3] and [3]"}},
      {"dtype",
       [] { training::accuracy(x(2, 3), x(2)); },
       {"accuracy: needs floating logits and i64 labels, got f32 and f32"}},
      {"value",
       [] {
         nn::Linear net(4, 2);
         optim::SGD sgd(net.parameters(), {.lr = 0.1});
         datasets::DataLoader loader(data(), {});
         training::fit(net, loader, sgd, {.epochs = -1});
       },
       {"fit: epochs must not be negative, got -1"}},
  };
  return rows;
}

}  // namespace wrong_calls
