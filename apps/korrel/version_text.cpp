#include <apps/korrel/commands.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/version.h>
#include <korrel/framework/kernels/targets.h>

namespace korrel::app {

std::string version_text() {
  return fmt::format("korrel {} (SIMD {}, BLAS {}, {} threads)", version(), kernels::active_target(), KORREL_BLAS,
                     num_threads());
}

}  // namespace korrel::app
