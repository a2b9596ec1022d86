/** What is done beside the load, one at a time: what it fails with is kept for who looks next, as nobody may be waiting when it does. */
export class SideAct {
  #underWay: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  get isUnderWay(): boolean {
    return this.#underWay !== undefined
  }

  start(act: () => Promise<void>): void {
    this.#underWay = act()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#underWay = undefined
      })
  }

  /** Throws what one of them has failed with. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Resolves when it is over; rejects with what one of them has failed with. */
  async end(): Promise<void> {
    await this.#underWay
    this.throwIfFailed()
  }
}
