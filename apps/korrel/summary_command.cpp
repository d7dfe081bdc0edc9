#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <korrel/framework/base/check.h>
#include <korrel/layers/summary.h>
#include <korrel/models/catalogue.h>

#include <algorithm>
#include <iostream>

namespace korrel::app {
namespace {

Shape parse_sizes(const std::string& text) {
  auto wrong = [&] {
    throw UsageError(fmt::format("--input {}: expected sizes from 1 on with an x between, such as 1x28x28", text));
  };
  Shape sizes;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = std::min(text.find('x', at), text.size());
    std::string number = text.substr(at, end - at);
    bool digits = !number.empty() && number.size() < 8 && number.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || std::stoll(number) == 0 || sizes.rank() == Shape::max_rank - 1) wrong();
    sizes.push_back(std::stoll(number));
    at = end + 1;
  }
  return sizes;
}

models::CatalogueEntry find_model(const std::string& name) {
  try {
    return models::find_model(name);
  } catch (const ValueError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

int summary_command(const SummarySettings& settings) {
  models::CatalogueEntry entry = find_model(settings.model);
  Shape input = settings.input.empty() ? entry.input : parse_sizes(settings.input);
  nn::AnyModule model = make_model(settings.model, input, entry.classes);
  std::cout << to_string(nn::summary(*model, input)) << std::flush;
  return 0;
}

}  // namespace korrel::app
