"""Prints tests/optim/lbfgs_numbers.h: torch.optim.LBFGS (1.13) on the two problems of lbfgs_test.cpp, in f64."""
import math
import torch

torch.set_default_dtype(torch.float64)


def rosenbrock():
    x = torch.tensor([-1.2, 1.0]).requires_grad_()
    y = torch.tensor([0.5]).requires_grad_()
    loss = lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2 + 3 * ((y - x[0]) ** 2).sum()
    return [x, y], loss


def logistic():
    data = torch.tensor([[math.sin(3.0 * i + j) for j in range(4)] for i in range(12)])
    sign = torch.tensor([1.0 if i % 3 else -1.0 for i in range(12)])
    w = torch.zeros(4).requires_grad_()
    b = torch.zeros(1).requires_grad_()
    loss = lambda: torch.log(1 + torch.exp(-sign * (data @ w + b))).mean() + 0.01 * (w * w).sum()
    return [w, b], loss


CASES = [
    (rosenbrock, dict(line_search_fn="strong_wolfe"), 3),
    (rosenbrock, dict(line_search_fn="strong_wolfe", max_iter=3, history_size=2), 6),
    (rosenbrock, dict(line_search_fn="strong_wolfe", max_eval=4, lr=0.5), 8),
    (rosenbrock, dict(lr=0.02, max_iter=5), 5),
    (logistic, dict(line_search_fn="strong_wolfe"), 2),
    (logistic, dict(lr=0.5, max_iter=4, history_size=3), 6),
    (logistic, dict(max_iter=10, tolerance_grad=1e-2), 3),
    (logistic, dict(max_iter=10, tolerance_change=1e-3), 3),
]


def main():
    print("// What torch.optim.LBFGS (PyTorch 1.13) does, in f64: made by lbfgs_numbers.py beside this.")
    print("#pragma once\n\n#include <vector>\n")
    print("struct LbfgsRow {")
    print("  double loss;                     // returned by the step")
    print("  int evaluations;                 // so far")
    print("  std::vector<double> parameters;  // after the step\n};\n")
    print("inline const std::vector<std::vector<LbfgsRow>> lbfgs_numbers = {")
    for problem, options, steps in CASES:
        parameters, loss_of = problem()
        lbfgs = torch.optim.LBFGS(parameters, **options)

        def closure():
            lbfgs.zero_grad()
            loss = loss_of()
            loss.backward()
            return loss

        print("    // %s, %s" % (problem.__name__, ", ".join("%s=%s" % item for item in options.items())))
        print("    {")
        for _ in range(steps):
            loss = float(lbfgs.step(closure))
            values = torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()
            evaluations = lbfgs.state[parameters[0]]["func_evals"]
            print("        {%.17g, %d, {%s}}," % (loss, evaluations, ", ".join("%.17g" % v for v in values)))
        print("    },")
    print("};")


main()
