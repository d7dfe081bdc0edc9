// members_of(module): the members of a module, those its KORREL_MODULE names and those a container holds. Internal.
#pragma once

#include <korrel/layers/module.h>

namespace korrel::nn {

inline Members members_of(const Module& module) {
  Members members;
  auto& visited =
      const_cast<Module&>(module);  // visiting changes nothing; it is not const because it hands out the members
  visited.visit_members(members);
  visited.visit_contents(members);
  return members;
}

}  // namespace korrel::nn
