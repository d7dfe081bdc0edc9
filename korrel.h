// All of Korrel that needs no further library: tensors, autograd, layers, optimizers, data sets, models, training.
// Not in here: framework/xt.h (xtensor). For users' files; the library's own files include what they use.
#pragma once

#include <korrel/framework/base/version.h>
