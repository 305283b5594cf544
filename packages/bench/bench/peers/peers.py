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


def fit_torch(x, y, request, recorder=None):
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
        if recorder is not None:
            done = optimizer.state[optimizer._params[0]].get("n_iter", 0)
            recorder.see(done, lambda: flat(w.detach().numpy(), b.detach().numpy()))
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


class OutOfTime(Exception):
    pass


class Recorder:
    """Iterates of one run with their seconds, each 2 % of work after the last, until the time is used up."""

    def __init__(self, limit):
        self.limit, self.next, self.points, self.weights = limit, 0, [], []
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def see(self, work, weights):
        seconds = time.perf_counter() - self.wall
        if work >= self.next or seconds > self.limit:
            self.points.append({"budget": work, "seconds": seconds, "cpuSeconds": time.process_time() - self.cpu})
            self.weights.append(weights())
            self.next = max(work + 1, 1.02 * work)
        if seconds > self.limit:
            raise OutOfTime


def flat(w, b):
    return np.concatenate([np.asarray(w, np.float64).ravel(), np.asarray(b, np.float64).ravel()])


def probe_of(v, b, k):
    """scikit-learn's weights of one or of k classes as ours."""
    return flat(v, b) if k > 2 else flat(np.stack([-v[0] / 2, v[0] / 2]), [-b[0] / 2, b[0] / 2])


def trace_batch(solver, x, y, request, recorder):
    """scikit-learn's own call with a listener where it hands an iterate on: scipy's callback, or the Hessian's point."""
    from sklearn.linear_model import _logistic

    k, d = request["classes"], x.shape[1]
    done = {"iterations": 0}

    def see(theta):
        def weights():
            w = theta.reshape((1 if k == 2 else k, d + 1), order="F")
            return probe_of(w[:, :d], w[:, d], k)

        recorder.see(done["iterations"], weights)

    def minimize(*args, **kwargs):
        def callback(theta):
            done["iterations"] += 1
            see(theta)

        return plain.minimize(*args, callback=callback, **kwargs)

    def newton_cg(grad_hess, *args, **kwargs):
        def listening(theta, *rest):
            see(theta)
            done["iterations"] += 1
            return grad_hess(theta, *rest)

        return plain_newton_cg(listening, *args, **kwargs)

    plain, plain_newton_cg = _logistic.optimize, _logistic._newton_cg
    _logistic.optimize = type("Optimize", (), {"minimize": staticmethod(minimize)})
    _logistic._newton_cg = newton_cg
    try:
        w, b, iterations, _ = fit_sklearn(solver, x, y, {**request, "iterations": 10**6})
        recorder.next = 0
        recorder.see(iterations, lambda: flat(w, b))
    finally:
        _logistic.optimize, _logistic._newton_cg = plain, plain_newton_cg


def trace_sag(solver, x, y, request, recorder):
    """scikit-learn's loop over rows, a few epochs at a time, with its memory of gradients carried on."""
    from sklearn.linear_model._sag import sag_solver

    n, k, d = len(y), request["classes"], x.shape[1]
    target = np.where(y == 1, 1, -1).astype(x.dtype) if k == 2 else y.astype(x.dtype)
    alpha = n * request["l2"] / (2 if k == 2 else 1)
    square = (x.astype(np.float64) ** 2).sum(axis=1).max()
    memory = {"coef": np.zeros((d + 1, 1 if k == 2 else k), dtype=x.dtype)}
    weights = np.ones(n, dtype=x.dtype)  # of the rows
    random = np.random.RandomState(request["seed"])
    loss, saga, epochs = "log" if k == 2 else "multinomial", solver == "saga", 0
    recorder.wall, recorder.cpu = time.perf_counter(), time.process_time()
    while True:
        some = max(1, epochs // 16)
        _, _, memory = sag_solver(
            x, target, weights, loss, alpha, 0.0, some, 0, 0, random, False, square, memory, is_saga=saga
        )
        epochs += some
        recorder.see(epochs, lambda: probe_of(memory["coef"][:d].T.astype(np.float64), memory["coef"][d].astype(np.float64), k))


def trace(request):
    x = load(request["features"], request["dtype"])
    y = np.load(request["labels"])
    recorder, peer = Recorder(request["limit"]), request["peer"]
    try:
        if peer == "torch-lbfgs":
            fit_torch(x, y, {**request, "iterations": 10**6}, recorder)
        elif peer in ("sklearn-sag", "sklearn-saga"):
            trace_sag(peer.removeprefix("sklearn-"), x, y, request, recorder)
        else:
            trace_batch(peer.removeprefix("sklearn-"), x, y, request, recorder)
        ended = True
    except OutOfTime:
        ended = False
    np.save(request["out"], np.stack(recorder.weights))
    return {"points": recorder.points, "ended": ended}


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
        return {"fit": fit, "trace": trace, "versions": versions}[request["do"]](request)
    except Exception as error:  # reported to the caller, which decides
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=ANSWERS, flush=True)
