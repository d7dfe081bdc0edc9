// Learning curves as an SVG picture: loss and accuracy by epoch, of training and test set. Text only; nothing is drawn
// on a screen.
#pragma once

#include <string>
#include <vector>

#include <korrel/training/observer.h>

namespace korrel::training {

// A picture of 860 x 360. Without epochs the axes are empty; figures that are NaN or infinite are left out.
std::string curves_svg(const std::vector<EpochReport>& epochs, const std::string& title);

// Up to `most` + 1 round numbers (1, 2 or 5 times a power of ten apart) that lie in [low, high]. For axes.
std::vector<double> round_ticks(double low, double high, int most);

}  // namespace korrel::training
