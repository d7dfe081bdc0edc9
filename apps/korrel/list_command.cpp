#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <korrel/datasets/catalogue.h>
#include <korrel/framework/base/check.h>

#include <iostream>

namespace korrel::app {

int list_command() {
  std::cout << "models\n" << models_text() << "\ndata sets\n";
  for (const datasets::CatalogueEntry& entry : datasets::catalogue()) {
    std::cout << fmt::format("  {:<16}{:<12}{} classes: {}\n", entry.name, sizes_text(entry.sample), entry.classes,
                             entry.what);
  }
  std::cout << std::flush;
  return 0;
}

}  // namespace korrel::app
