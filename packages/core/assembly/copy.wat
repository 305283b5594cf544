;; Bytes from one memory to another, which AssemblyScript has no words for. Beside the kernels' memory, features too large
;; for it lie in memories of their own (src/kernels/wasm/buffer-pool.ts). Copied as arrays they would go word by word, as
;; JavaScript's rules for shared memory want it.
(module
  (import "to" "memory" (memory $to 0 65536 shared))
  (import "from" "memory" (memory $from 0 65536 shared))
  (func (export "copy") (param $to i32) (param $from i32) (param $bytes i32)
    (memory.copy $to $from (local.get $to) (local.get $from) (local.get $bytes))))
