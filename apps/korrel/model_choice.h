// Models and data sets by the names on the command line; an unknown one is a UsageError that lists those there are.
#pragma once

#include <string>

#include <korrel/datasets/catalogue.h>
#include <korrel/layers/containers.h>

namespace korrel::app {

datasets::CatalogueEntry find_data(const std::string& name);

// A new model of that name for samples of that shape. UsageError if it does not take them.
nn::AnyModule make_model(const std::string& name, const Shape& sample, int64_t classes);

std::string models_text();                   // a line each
std::string sizes_text(const Shape& shape);  // "1x28x28"

}  // namespace korrel::app
