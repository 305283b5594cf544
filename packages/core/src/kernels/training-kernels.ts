/**
 * @file What the training of networks computes beside its engine, over float32 vectors in shared memory: steps of
 * optimisers, a quarter of the time that plain JavaScript takes, to the same bits, and a gradient that a general engine
 * takes several times as long for.
 */
import { arithmetic } from "../arithmetic.ts";
import { reject } from "../errors.ts";
import { HEAP_BASE } from "./wasm/job.ts";
import { instantiate, kernelModule } from "./wasm/module.ts";
import { PAGE, type SharedMemory, webAssembly } from "./wasm/web-assembly.ts";

/** Vectors in one memory, which may be posted to workers together with its vectors. */
export interface SharedVectors {
  readonly memory: SharedMemory;
  readonly vectors: readonly Float32Array[];
}

/** Vectors of zeros, of the lengths given. */
export function createSharedVectors(lengths: readonly number[]): SharedVectors {
  let end = HEAP_BASE;
  const places = lengths.map((length) => {
    const at = end;
    end += 64 * Math.ceil(length / 16);
    return { at, length };
  });
  const pages = Math.ceil(end / PAGE);
  if (!(pages < 65536)) reject("vectors", "must fit 4 GiB together", end);
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { memory, vectors: places.map(({ at, length }) => new Float32Array(memory.buffer, at, length)) };
}

export interface StepVectors {
  readonly theta: Float32Array; // θ
  readonly gradient: Float32Array;
  /** Is added to the first. */
  readonly secondGradient: Float32Array | undefined;
}

/**
 * A convolution of images of one channel, padded with zeros to keep their size, whose output goes through a 2 × 2 max-pool
 * and a rectifier: what its gradient is made of, and where it goes.
 */
export interface PooledConvolution {
  readonly height: number; // even, and the width
  readonly width: number;
  readonly images: Float32Array; // [rows, height, width]
  readonly values: Float32Array; // [rows, filters, height, width], the convolution's
  readonly pooled: Float32Array; // [rows, filters, height/2, width/2], rectified
  readonly gradient: Float32Array; // the loss's by `pooled`
  readonly weights: Float32Array; // its gradient by the kernels, [filters, KERNEL_SIDE, KERNEL_SIDE]
  readonly bias: Float32Array; // and by their biases, [filters]
  readonly scratch: Float32Array; // pooledConvolutionScratch numbers
}

/** The kernels of a pooled convolution have this many rows and columns. */
export const KERNEL_SIDE = 5;

/**
 * How many numbers a pooled convolution's gradient needs for itself: the image with zeros around it, and a list of cells, as
 * packages/core/assembly/pooled-convolution.ts lays them out: change both together, and KERNEL_SIDE.
 */
export function pooledConvolutionScratch({ height, width }: Pick<PooledConvolution, "height" | "width">): number {
  return (height + KERNEL_SIDE - 1) * (width + 8) + (height * width) / 2;
}

/** Over vectors in the memory that they were opened for. */
export interface TrainingKernels extends OptimizerSteps {
  /** Writes `weights` and `bias`. Of equal values in a cell of the pool the first takes the gradient. */
  pooledConvolutionGradient(convolution: PooledConvolution): void;
}

/** Of the numbers start .. end-1; l2 θ is added to the gradient. */
export interface OptimizerSteps {
  /** v ← momentum v + g; θ ← θ - rate v. */
  momentum(
    vectors: StepVectors & { readonly velocity: Float32Array },
    range: { readonly start: number; readonly end: number; readonly l2: number },
    settings: { readonly rate: number; readonly momentum: number },
  ): void;
  /** m ← β₁ m + (1 - β₁) g; s ← β₂ s + (1 - β₂) g²; θ ← θ - rate m / (scale √s + ε). */
  adam(
    vectors: StepVectors & { readonly first: Float32Array; readonly second: Float32Array },
    range: { readonly start: number; readonly end: number; readonly l2: number },
    settings: {
      readonly rate: number;
      readonly scale: number;
      readonly epsilon: number;
      readonly beta1: number;
      readonly beta2: number;
    },
  ): void;
}

export async function openTrainingKernels(memory: SharedMemory): Promise<TrainingKernels> {
  const kernels = instantiate(await kernelModule(arithmetic()), memory);
  const at = (vector: Float32Array, start = 0): number => {
    // A vector that was posted to this thread has another buffer object over the same memory.
    if (vector.buffer.byteLength !== memory.buffer.byteLength)
      throw new Error("training kernels: every vector must be in their memory");
    return vector.byteOffset + 4 * start;
  };
  const common = ({ theta, gradient, secondGradient }: StepVectors, start: number) =>
    [at(theta, start), at(gradient, start), secondGradient === undefined ? 0 : at(secondGradient, start)] as const;
  return {
    pooledConvolutionGradient({ height, width, images, values, pooled, gradient, weights, bias, scratch }) {
      const filters = bias.length;
      const rows = images.length / (height * width);
      const wanted = {
        images: [images, rows * height * width],
        values: [values, rows * filters * height * width],
        pooled: [pooled, (rows * filters * height * width) / 4],
        gradient: [gradient, (rows * filters * height * width) / 4],
        weights: [weights, filters * KERNEL_SIDE ** 2],
        scratch: [scratch, pooledConvolutionScratch({ height, width })],
      } as const;
      if (!(height % 2 === 0 && width % 2 === 0))
        reject("pooled convolution", "sides must be even", `${height}, ${width}`);
      for (const [name, [vector, length]] of Object.entries(wanted))
        if (vector.length !== length)
          reject(`pooled convolution, ${name}`, `must have ${length} values`, vector.length);
      const places = [images, values, pooled, gradient, weights, bias, scratch].map((vector) => at(vector));
      const [image = 0, value = 0, pool = 0, slope = 0, weight = 0, biases = 0, own = 0] = places;
      kernels.pooledConvolutionGradient(rows, filters, height, width, image, value, pool, slope, weight, biases, own);
    },
    momentum({ velocity, ...vectors }, { start, end, l2 }, { rate, momentum }) {
      kernels.momentumStep(...common(vectors, start), at(velocity, start), end - start, l2, rate, momentum);
    },
    adam({ first, second, ...vectors }, { start, end, l2 }, { rate, scale, epsilon, beta1, beta2 }) {
      const accumulators = [at(first, start), at(second, start)] as const;
      const decays = [beta1, 1 - beta1, beta2, 1 - beta2] as const;
      kernels.adamStep(...common(vectors, start), ...accumulators, end - start, l2, rate, scale, epsilon, ...decays);
    },
  };
}
