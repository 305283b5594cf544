/** @file The kernels that all probes are fitted with. A stage of its own: what trains networks does not depend on it. */
export { createWasmRuntime } from "@linear-probes/core";
