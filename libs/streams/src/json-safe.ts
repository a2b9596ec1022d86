/** The class of an object in a value that JSON would not bring back as it was: an instance of a class comes back as what it shows of itself. */
export function classInside(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) {
    return prototype.constructor.name
  }
  return Object.values(value)
    .map(classInside)
    .find((name) => name !== undefined)
}
