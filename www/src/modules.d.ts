declare module "#worker?worker" {
  const start: new () => Worker;
  export default start;
}
