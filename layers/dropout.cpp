#include <korrel/layers/dropout.h>

#include <korrel/framework/base/check.h>
#include <korrel/layers/python_text.h>

namespace korrel::nn {

DropoutNd::DropoutNd(const char* layer, Op op, double p, Generator* generator) : op_(op), p_(p), generator_(generator) {
  check<ValueError>(p >= 0 && p <= 1, "{}: p must lie in [0, 1], got {}", layer, p);
}
Tensor DropoutNd::forward(const Tensor& x) {
  return op_(x, {.p = p_, .training = training()}, generator_ ? *generator_ : default_generator());
}
std::string DropoutNd::extra_repr() const { return fmt::format("p={}, inplace=False", python_number(p_)); }

Dropout::Dropout(double p, Generator* generator) : DropoutNd("Dropout", korrel::dropout, p, generator) {}
Dropout1d::Dropout1d(double p, Generator* generator) : DropoutNd("Dropout1d", korrel::dropout1d, p, generator) {}
Dropout2d::Dropout2d(double p, Generator* generator) : DropoutNd("Dropout2d", korrel::dropout2d, p, generator) {}
Dropout3d::Dropout3d(double p, Generator* generator) : DropoutNd("Dropout3d", korrel::dropout3d, p, generator) {}
AlphaDropout::AlphaDropout(double p, Generator* generator)
    : DropoutNd("AlphaDropout", korrel::alpha_dropout, p, generator) {}
FeatureAlphaDropout::FeatureAlphaDropout(double p, Generator* generator)
    : DropoutNd("FeatureAlphaDropout", korrel::feature_alpha_dropout, p, generator) {}

}  // namespace korrel::nn
