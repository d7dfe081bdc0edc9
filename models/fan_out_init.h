// How torchvision's networks start: He initialisation by fan-out for 2-D convolutions (He et al. 2015), small normal
// weights for linear layers, zero biases. Called by the constructors of the models in this folder.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::models {

void init_convolutions(nn::Module& net);  // weights normal with variance 2 / fan_out
void init_linears(nn::Module& net);       // weights normal with deviation 0.01

}  // namespace korrel::models
