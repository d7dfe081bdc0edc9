#include <korrel/layers/batch_norm.h>
#include <korrel/layers/linear.h>
#include <korrel/optim/adam.h>
#include <korrel/optim/averaged_weights.h>
#include <korrel/optim/lr_scheduler.h>
#include <korrel/training/checkpoint.h>
#include <tests/fuzz/input.h>
#include <tests/fuzz/targets.h>

using namespace korrel;

namespace {

struct Net : nn::Module {
  nn::Linear fc{2, 3};
  nn::BatchNorm1d norm{3};
  KORREL_MODULE(fc, norm)
};

}  // namespace

void fuzz::checkpoint(std::string_view bytes) {
  MemoryFile file(bytes);
  Net net;
  optim::Adam adam(net.parameters());
  optim::CosineAnnealingLR schedule(adam, {.T_max = 5});
  optim::AveragedWeights average(net);
  training::FitPosition position;
  NamedTensors more;
  training::TrainingState state{.model = &net,
                                .optimizer = &adam,
                                .scheduler = &schedule,
                                .average = &average,
                                .position = &position,
                                .more = &more};
  watch(base_bytes + 2 * widest * bytes.size(), [&] {
    training::load_checkpoint(file.path(), state);
    schedule.step();
  });
}
