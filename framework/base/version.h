// The version of the library, as text. Not the versions of what it is built with; printed by `korrel --version`.
#pragma once

namespace korrel {

// "major.minor.patch", the project version of the build. Never null.
const char* version();

}  // namespace korrel
