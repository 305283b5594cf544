"""Fits probes with scikit-learn and PyTorch: one JSON request per line in, one JSON answer per line out.

Only `fit` is timed: the features are loaded, and converted to the peer's own type, before. The objective is ours,
F = mean cross-entropy + (l2/2) ||W||^2 with a free bias, so C = 1/(n l2); for two classes scikit-learn fits one vector v,
whose probe is W = (-v/2, v/2) with penalty (l2/4) ||v||^2, so C = 2/(n l2).
"""
import json
import os
import sys
import time
import warnings

import numpy as np

# Libraries print what they like to standard output: answers have a channel of their own, and the rest goes to stderr.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

warnings.filterwarnings("ignore")  # non-convergence is what budgets are for; the caller judges every weight vector

LOADED = {}


def load(path, dtype):
    key = (path, dtype)
    if key not in LOADED:
        LOADED.clear()
        LOADED[key] = np.load(path).astype(dtype, copy=False)
    return LOADED[key]


def fit_sklearn(solver, x, y, request):
    from sklearn.linear_model import LogisticRegression

    n, k = len(y), request["classes"]
    model = LogisticRegression(
        solver=solver,
        C=(2 if k == 2 else 1) / (n * request["l2"]),
        max_iter=request["iterations"],
        tol=0,  # stop by budget alone; lbfgs keeps its own relative-reduction test, which has no switch
        random_state=request["seed"],
        multi_class="ovr" if k == 2 else "multinomial",
    )
    times = timed(lambda: model.fit(x, y))
    w, b = model.coef_.astype(np.float64), model.intercept_.astype(np.float64)
    if k == 2:
        w, b = np.concatenate([-w / 2, w / 2]), np.concatenate([-b / 2, b / 2])
    return w, b, int(np.max(model.n_iter_)), times


def fit_torch(x, y, request):
    import torch

    torch.set_num_threads(request["threads"])
    x, y = torch.from_numpy(x), torch.from_numpy(y).long()
    k, l2 = request["classes"], request["l2"]
    w = torch.zeros(k, x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros(k, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [w, b],
        max_iter=request["iterations"],
        max_eval=10 * request["iterations"],
        history_size=10,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ w.T + b, y) + l2 / 2 * (w * w).sum()
        loss.backward()
        return loss

    times = timed(lambda: optimizer.step(closure))
    state = optimizer.state[optimizer._params[0]]
    w, b = w.detach().numpy().astype(np.float64), b.detach().numpy().astype(np.float64)
    return w, b, int(state["n_iter"]), times


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - wall, "cpuSeconds": time.process_time() - cpu}


def fit(request):
    x = load(request["features"], request["dtype"])
    y = np.load(request["labels"])
    if request["peer"] == "torch-lbfgs":
        w, b, iterations, times = fit_torch(x, y, request)
    else:
        w, b, iterations, times = fit_sklearn(request["peer"].removeprefix("sklearn-"), x, y, request)
    np.save(request["out"], np.concatenate([w.ravel(), b.ravel()]))
    return {"iterations": iterations, **times}


def versions(_request):
    import platform

    found = {"python": platform.python_version(), "numpy": np.__version__}
    for package in ["scipy", "sklearn", "torch"]:
        try:
            found[package] = __import__(package).__version__
        except ImportError:
            pass
    try:
        from threadpoolctl import threadpool_info

        for pool in threadpool_info():
            found[pool["internal_api"]] = f"{pool['version']}, {pool['num_threads']} threads"
    except ImportError:
        pass
    return {"versions": found}


def answer(request):
    try:
        return {"fit": fit, "versions": versions}[request["do"]](request)
    except Exception as error:  # reported to the caller, which decides
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=ANSWERS, flush=True)
