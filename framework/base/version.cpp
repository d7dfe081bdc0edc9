#include <korrel/framework/base/version.h>

namespace korrel {

const char* version() { return KORREL_VERSION; }

}  // namespace korrel
