export interface Database {
  public: { Tables: {}; Views: {}; Functions: {} };
}
