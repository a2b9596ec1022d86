/** A drawn chart and the name of its file, without the extension. */
export interface Picture {
  readonly name: string
  readonly svg: string
}
