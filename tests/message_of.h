// message_of<ShapeError>(f): the message of the error that f() throws; "" if it throws none, or one of another type.
#pragma once

#include <exception>
#include <string>

#include <korrel/framework/base/error.h>

template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another type of error: ") + error.what();
  }
  return "";
}
