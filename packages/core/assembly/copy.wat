;; Bytes from one memory to another, which AssemblyScript has no words for. Beside the kernels' memory, features too large
;; for it lie in memories of their own (src/kernels/wasm/buffer-pool.ts). Copied as arrays they would go word by word, as
;; JavaScript's rules for shared memory want it. And decoded from there in one go, instead of copied first.
(module
  (import "to" "memory" (memory $to 0 65536 shared))
  (import "from" "memory" (memory $from 0 65536 shared))
  (func (export "copy") (param $to i32) (param $from i32) (param $bytes i32)
    (memory.copy $to $from (local.get $to) (local.get $from) (local.get $bytes)))

  ;; to <- from - shift in float32, `bytes` of each of `rows` rows, whole vectors; as they are where shift is 0. Three rows at
  ;; a time, each in pages of its own, so that three times as many reads are under way.
  (func (export "decode") (param $to i32) (param $from i32) (param $rows i32) (param $bytes i32) (param $shift i32)
      (param $toStride i32) (param $fromStride i32)
    (local $at i32) (local $c v128)
    (local $to1 i32) (local $to2 i32) (local $from1 i32) (local $from2 i32)
    (block $rest
      (loop $three
        (br_if $rest (i32.lt_u (local.get $rows) (i32.const 3)))
        (local.set $to1 (i32.add (local.get $to) (local.get $toStride)))
        (local.set $to2 (i32.add (local.get $to1) (local.get $toStride)))
        (local.set $from1 (i32.add (local.get $from) (local.get $fromStride)))
        (local.set $from2 (i32.add (local.get $from1) (local.get $fromStride)))
        (local.set $at (i32.const 0))
        (loop $vector
          (local.set $c (v128.const i32x4 0 0 0 0))
          (if (local.get $shift) (then
            (local.set $c (v128.load $to (i32.add (local.get $shift) (local.get $at))))))
          (v128.store $to (i32.add (local.get $to) (local.get $at))
            (f32x4.sub (v128.load $from (i32.add (local.get $from) (local.get $at))) (local.get $c)))
          (v128.store $to (i32.add (local.get $to1) (local.get $at))
            (f32x4.sub (v128.load $from (i32.add (local.get $from1) (local.get $at))) (local.get $c)))
          (v128.store $to (i32.add (local.get $to2) (local.get $at))
            (f32x4.sub (v128.load $from (i32.add (local.get $from2) (local.get $at))) (local.get $c)))
          (br_if $vector (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
        (local.set $to (i32.add (local.get $to2) (local.get $toStride)))
        (local.set $from (i32.add (local.get $from2) (local.get $fromStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 3)))
        (br $three)))
    (block $done
      (loop $one
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $at (i32.const 0))
        (loop $vector
          (local.set $c (v128.const i32x4 0 0 0 0))
          (if (local.get $shift) (then
            (local.set $c (v128.load $to (i32.add (local.get $shift) (local.get $at))))))
          (v128.store $to (i32.add (local.get $to) (local.get $at))
            (f32x4.sub (v128.load $from (i32.add (local.get $from) (local.get $at))) (local.get $c)))
          (br_if $vector (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
        (local.set $to (i32.add (local.get $to) (local.get $toStride)))
        (local.set $from (i32.add (local.get $from) (local.get $fromStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $one)))))
