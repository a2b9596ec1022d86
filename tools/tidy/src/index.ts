export { deadFiles } from './dead-files.ts'
export { fileLaws, type FileLaw } from './file-laws.ts'
export { importCircles } from './import-circles.ts'
export { importsOf, leadsTo, packageOf } from './imports.ts'
export { packageLaws, type PackageLaw, type Workspace } from './package-laws.ts'
export { examplesOf, typeErrorsOf, writeExamples, type ReadmeExample } from './readme-examples.ts'
export {
  repositoryFiles,
  repositoryRoot,
  workspacePackages,
  type PackageManifest,
  type RepositoryFile,
  type WorkspacePackage,
} from './repository.ts'
export { unknownScripts } from './script-laws.ts'
export { unenforcedLaws } from './spec-laws.ts'
export { unknownSettings, unknownTopics } from './wire-laws.ts'
