/** Where Kafka keeps the offsets of a group among so many partitions: by Java's hash of its name, as `GroupCoordinatorService.partitionFor` has it. */
export function offsetsPartitionOf(groupId: string, partitions: number): number {
  let hash = 0
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0
  // Java's least integer has no positive one; Kafka takes 0 for it.
  return hash === -(2 ** 31) ? 0 : Math.abs(hash) % partitions
}
