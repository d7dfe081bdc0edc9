#include <apps/korrel/train_settings.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/version.h>
#include <korrel/framework/kernels/targets.h>

#include <nlohmann/json.hpp>

namespace korrel::app {

std::string config_json(const TrainSettings& s) {
  nlohmann::ordered_json config = {{"model", s.model},
                                   {"data", s.data},
                                   {"data_dir", s.data_dir},
                                   {"epochs", s.epochs},
                                   {"batch_size", s.batch_size},
                                   {"optimizer", s.optimizer},
                                   {"lr", s.lr},
                                   {"momentum", s.momentum},
                                   {"weight_decay", s.weight_decay},
                                   {"scheduler", s.scheduler},
                                   {"step_size", s.step_size},
                                   {"gamma", s.gamma},
                                   {"augment", s.augment},
                                   {"limit", s.limit},
                                   {"val", s.validation},
                                   {"workers", s.workers},
                                   {"seed", s.seed},
                                   {"threads", num_threads()},
                                   {"out", s.out},
                                   {"korrel", version()},
                                   {"simd", kernels::active_target()}};
  return config.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace korrel::app
