// How long a child is trained unless told: as many steps with few images as with the original's 2,000, since with fewer it has
// learnt too little for augmentation to matter.

const USUAL_EPOCHS = 50;
const USUAL_IMAGES = 2000;
const MOST_EPOCHS = 400;

/** Epochs of a child in a search; final trainings have twice as many. @param trainImages at least 1. */
export function usualEpochs(trainImages: number): number {
  const epochs = Math.round((USUAL_EPOCHS * USUAL_IMAGES) / trainImages);
  return Math.min(MOST_EPOCHS, Math.max(USUAL_EPOCHS, epochs));
}
