declare module "#samples" {
  const samples: { model: string; samples: object };
  export default samples;
}

declare module "#worker?worker" {
  const start: new () => Worker;
  export default start;
}
