#include <korrel/models/fan_out_init.h>

#include <korrel/layers/convolution.h>
#include <korrel/layers/init.h>
#include <korrel/layers/linear.h>

namespace korrel::models {

void init_convolutions(nn::Module& net) {
  for (const nn::NamedModule& named : net.named_modules())
    if (auto* layer = dynamic_cast<nn::Conv2d*>(named.module)) {
      nn::init::kaiming_normal_(layer->weight, {.mode = "fan_out", .nonlinearity = "relu"});
      if (layer->bias.defined()) nn::init::zeros_(layer->bias);
    }
}

void init_linears(nn::Module& net) {
  for (const nn::NamedModule& named : net.named_modules())
    if (auto* layer = dynamic_cast<nn::Linear*>(named.module)) {
      nn::init::normal_(layer->weight, 0, 0.01);
      if (layer->bias.defined()) nn::init::zeros_(layer->bias);
    }
}

}  // namespace korrel::models
