#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <korrel/datasets/catalogue.h>
#include <korrel/datasets/loader.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/io/safetensors.h>
#include <korrel/training/fit.h>

#include <iostream>
#include <memory>

namespace korrel::app {
namespace {

std::string model_named_in(const SafetensorsFile& file, const std::string& path) {
  for (const auto& [key, value] : file.metadata) {
    if (key == "model") return value;
  }
  throw UsageError(
      fmt::format("{} does not say which model it is for: name it, as in `korrel eval lenet5 --weights ...`", path));
}

}  // namespace

int eval_command(const EvalSettings& s) {
  if (s.threads > 0) set_num_threads(s.threads);
  datasets::CatalogueEntry entry = find_data(s.data);
  SafetensorsFile file = load_safetensors(s.weights);
  std::string name = s.model.empty() ? model_named_in(file, s.weights) : s.model;
  nn::AnyModule model = make_model(name, entry.sample, entry.classes);
  try {
    model->load_state_dict(file.tensors);
  } catch (Error& error) {
    error.prepend(s.weights + ": ");
    throw;
  }
  datasets::Dataset data = datasets::load_dataset(s.data, s.data_dir, {.train = false});
  std::vector<datasets::Transform> transforms;
  if (!data.mean.empty()) transforms.push_back(datasets::Normalize{data.mean, data.std});
  datasets::DataLoader loader(data, {.batch_size = s.batch_size, .transforms = transforms});
  training::Evaluation result = training::evaluate(*model, loader);
  std::cout << fmt::format("{}\n{} from {}\ntest loss: {:.4f}\ntest accuracy: {:.2f} %", data.description, name,
                           s.weights, result.loss, 100 * result.accuracy)
            << std::endl;
  return 0;
}

}  // namespace korrel::app
